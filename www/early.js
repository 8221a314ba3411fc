// @ts-check
// Runs before the first paint, therefore not a module: the remembered theme, so that the page does not flash in the other one.
(() => {
  try {
    const theme = localStorage.getItem('dandori-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // No storage here: the system's theme it is.
  }
})();
