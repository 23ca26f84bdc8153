// Runs before the page is drawn, so that a dark page is never white first.
(() => {
  let theme = null;
  try { theme = localStorage.getItem("jjinchin.theme"); } catch { /* private */ }
  const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.jjTheme = dark ? "dark" : "light";
  document.documentElement.lang = "ko";
})();
