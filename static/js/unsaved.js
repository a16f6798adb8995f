// What is typed into <form data-warn-unsaved> is not lost: the page asks before it is left, and keeps a copy in
// this tab until the form is saved, its user discards it or signs out. A form that the server refused
// (data-is-changed) holds unsaved text from the start.
"use strict";

(() => {
  const PREFIX = "unsaved:";
  const mine = `${PREFIX}${document.body.dataset.user}:`;

  // --- Copies: one per user and address, {values, isSubmitted} ---

  function keptKeys() {
    try {
      return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
    } catch {
      return []; // storage is switched off
    }
  }

  function kept(key) {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  }

  function keep(key, copy) {
    try {
      sessionStorage.setItem(key, JSON.stringify(copy));
    } catch {
      // Full, or switched off: the page still asks before it is left.
    }
  }

  function drop(key) {
    try {
      sessionStorage.removeItem(key);
    } catch {
      // Switched off: there is nothing to drop.
    }
  }

  // A page after the sending of a form: was it saved?
  function lookBack() {
    const isSignIn = !document.body.dataset.user;
    const isSaved = document.querySelector("#notices .tone-ok") !== null;
    for (const key of keptKeys()) {
      const copy = kept(key);
      if (isSignIn) {
        if (copy) keep(key, { ...copy, isSubmitted: false }); // the session had ended: it was not
      } else if (!copy || !key.startsWith(mine) || (copy.isSubmitted && isSaved)) {
        drop(key);
      }
    }
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.action?.endsWith?.("/logout/")) return;
    for (const key of keptKeys()) drop(key);
  });

  // --- Forms ---

  const NEVER = ["password", "file", "submit", "button"];

  function* fieldsOf(form) {
    for (const field of form.elements) {
      if (field.name && field.name !== "csrfmiddlewaretoken" && !NEVER.includes(field.type)) yield field;
    }
  }

  const isTick = (field) => field.type === "checkbox" || field.type === "radio";
  const nameOf = (field) => (isTick(field) ? `${field.name}=${field.value}` : field.name);
  const valueOf = (field) => (isTick(field) ? field.checked : field.value);

  // Hidden fields as well: with the revision that was edited, the server notices what changed meanwhile.
  function valuesOf(form) {
    return Object.fromEntries([...fieldsOf(form)].map((field) => [nameOf(field), valueOf(field)]));
  }

  function putBack(form, values) {
    for (const field of fieldsOf(form)) {
      const value = values[nameOf(field)];
      if (value === undefined) continue;
      if (isTick(field)) field.checked = value;
      else field.value = value;
    }
  }

  function differs(form, values) {
    return [...fieldsOf(form)].some((field) => {
      const value = values[nameOf(field)];
      return field.type !== "hidden" && value !== undefined && value !== valueOf(field);
    });
  }

  function watch(form) {
    const key = mine + location.pathname;
    const notice = form.querySelector("[data-unsaved]");
    const copy = kept(key);
    let isChanged = "isChanged" in form.dataset;

    if (isChanged) keep(key, { values: valuesOf(form), isSubmitted: false });
    else if (copy && differs(form, copy.values)) notice.hidden = false;
    else drop(key);

    form.addEventListener("input", () => {
      isChanged = true;
      keep(key, { values: valuesOf(form), isSubmitted: false });
    });
    form.addEventListener("submit", () => {
      if (isChanged) keep(key, { values: valuesOf(form), isSubmitted: true });
      isChanged = false;
    });
    window.addEventListener("beforeunload", (event) => {
      if (isChanged) event.preventDefault();
    });
    form.querySelector("[data-unsaved-restore]").addEventListener("click", () => {
      putBack(form, copy.values);
      isChanged = true;
      keep(key, { values: copy.values, isSubmitted: false });
      notice.hidden = true;
      form.querySelector("textarea, input:not([type=hidden])").focus();
    });
    form.querySelector("[data-unsaved-discard]").addEventListener("click", () => {
      if (!isChanged) drop(key);
      notice.hidden = true;
    });
  }

  lookBack();
  for (const form of document.querySelectorAll("form[data-warn-unsaved]")) watch(form);
})();
