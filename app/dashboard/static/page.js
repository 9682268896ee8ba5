// What every page does: the theme that somebody chose.

const KEY = "theme";
const chosen = localStorage.getItem(KEY);
if (chosen) document.documentElement.dataset.theme = chosen;

// on a phone the navigation scrolls sideways
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const present = document.documentElement.dataset.theme ?? (isDark ? "dark" : "light");
  const wanted = present === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = wanted;
  localStorage.setItem(KEY, wanted);
  document.dispatchEvent(new CustomEvent("themechange"));
});
