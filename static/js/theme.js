// Light, dark or like the system. Loaded in <head> and blocking, so that no page flashes in the wrong colours.
// The choice lives in this browser, under the key that Django's admin uses as well.
"use strict";

(() => {
  const root = document.documentElement;
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      const mode = localStorage.getItem("theme");
      return mode === "light" || mode === "dark" ? mode : "auto";
    } catch {
      return "auto"; // storage is switched off
    }
  }

  function show(mode) {
    root.dataset.bsTheme = mode === "auto" ? (systemIsDark.matches ? "dark" : "light") : mode;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === mode));
    }
  }

  function choose(mode) {
    try {
      localStorage.setItem("theme", mode);
    } catch {
      // It holds for this page at least.
    }
    show(mode);
  }

  show(chosen());
  systemIsDark.addEventListener("change", () => show(chosen()));
  document.addEventListener("DOMContentLoaded", () => {
    for (const switcher of document.querySelectorAll("[data-theme-switch]")) {
      switcher.hidden = false;
      switcher.addEventListener("click", (event) => {
        const button = event.target.closest("[data-theme-choice]");
        if (button) choose(button.dataset.themeChoice);
      });
    }
    show(chosen());
  });
})();
