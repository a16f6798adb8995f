// The drawing of calls over time. The numbers are in the page's table; without this script the table is shown.
"use strict";

(() => {
  const canvas = document.getElementById("chart");
  const data = document.getElementById("chart-data");
  if (!canvas || !data || typeof Chart === "undefined") return;
  const { labels, urls, failed, answered } = JSON.parse(data.textContent);
  const language = document.documentElement.lang;
  const legend = [...document.querySelectorAll("[data-colour]")];
  const page = getComputedStyle(document.body);

  // The colours are those of the legend, which CSS keeps right in light and dark.
  const colour = (name) => getComputedStyle(legend.find((key) => key.dataset.colour === name)).color;
  // One failure among a thousand calls has to be seen; where there is none, there is no bar at all.
  const series = (name, values) => ({
    name,
    label: legend.find((key) => key.dataset.colour === name).parentElement.textContent.trim(),
    data: values.map((value) => value || null),
    maxBarThickness: 32,
    minBarLength: name === "failed" ? 2 : 0,
  });

  const chart = new Chart(canvas, {
    type: "bar",
    data: { labels, datasets: [series("failed", failed), series("answered", answered)] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      locale: language,
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false }, colors: { enabled: false } },
      scales: {
        x: { stacked: true, grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 16 } },
        y: { stacked: true, beginAtZero: true, ticks: { precision: 0 } },
      },
      onClick: (_event, items) => {
        if (items.length && failed[items[0].index]) window.location.assign(urls[items[0].index]);
      },
      onHover: (_event, items) => {
        canvas.classList.toggle("leads-on", items.length > 0 && failed[items[0].index] > 0);
      },
    },
  });

  function paint() {
    const ink = getComputedStyle(canvas).color;
    const line = getComputedStyle(canvas).borderTopColor;
    for (const set of chart.data.datasets) set.backgroundColor = colour(set.name);
    for (const scale of Object.values(chart.options.scales)) {
      scale.ticks.color = ink;
      scale.ticks.font = { family: page.fontFamily, size: 12 };
      scale.grid.color = line;
      scale.border = { color: line };
    }
    chart.update();
  }

  paint();
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });

  // Hidden from the eye, the table is still read aloud; its links must not catch the Tab key there.
  const button = document.getElementById("chart-as-table");
  const table = document.getElementById("chart-table");

  function showTable(isShown) {
    table.classList.toggle("is-shown", isShown);
    button.setAttribute("aria-expanded", String(isShown));
    for (const link of table.querySelectorAll("a")) link.tabIndex = isShown ? 0 : -1;
  }

  button.hidden = false;
  button.addEventListener("click", () => showTable(!table.classList.contains("is-shown")));
  showTable(false);
})();
