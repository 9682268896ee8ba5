"use strict";

/** Shows Swagger UI's dark theme while the system prefers one. Runs before anything is drawn. */
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", show);
  show();
}
