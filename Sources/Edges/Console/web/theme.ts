// Runs before the first paint, so that a dark room stays dark. No inline script: the content policy forbids it.
(() => {
  const root = document.documentElement;
  let theme: unknown, density: unknown;
  try {
    ({ theme, density } = JSON.parse(localStorage.getItem("pulse.preferences") ?? "{}") as Record<string, unknown>);
  } catch { /* no storage: the system decides */ }
  const isDark = theme === "dark" || theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "dark" : "light";
  if (density === "compact") root.dataset.density = "compact";
})();

export {};
