// All fields that SuperOffice tells of a sale: a box that leaves only those whose name contains what is typed there.
// The fields come later than the page, so nothing is bound to them.
"use strict";

(() => {
  const offer = () => document.querySelectorAll("[data-field-filter]").forEach((box) => { box.hidden = false; });
  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:afterSettle", offer);

  document.addEventListener("input", (event) => {
    if (event.target.id !== "field-filter") return;
    const part = event.target.value.trim().toLowerCase();
    const place = event.target.closest(".raw-entity");
    const rows = [...place.querySelectorAll("tbody tr")];
    // The value, the last cell, is no name.
    const names = (row) => [...row.cells].slice(0, -1).map((cell) => cell.textContent).join(" ").toLowerCase();
    rows.forEach((row) => { row.hidden = !names(row).includes(part); });
    const rest = place.querySelector("details");
    if (rest && part && rest.querySelector("tbody tr:not([hidden])")) rest.open = true;
    place.querySelector("[data-none]").hidden = rows.some((row) => !row.hidden);
  });
})();
