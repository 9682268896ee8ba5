"""Texts that become markup or a program where a page or a picture takes them for such."""

#: Each calls `alert`, or loads something from elsewhere, if it is not shown as text.
TEXTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</title></style></textarea></script><script>alert(1)</script>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}${alert(1)}",
    "`<b>code</b>`",
    '<!--<img src="--><img src=x onerror=alert(1)//">',
    '<math><mi xlink:href="data:x,<script>alert(1)</script>">',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "]]><script>alert(1)</script>",
    "$\\mathrm{x}$ \\includegraphics{/etc/passwd}",
    "\u202etxt.exe \u2028\u2029",
)
#: Elements and attributes that these texts would make.
MADE = (
    "img[onerror], svg[onload], [onfocus], [onmouseover], iframe, base, math, script:not([src]), "
    "link[href^='https://evil'], meta[http-equiv=refresh], a[href^='javascript:' i]"
)
