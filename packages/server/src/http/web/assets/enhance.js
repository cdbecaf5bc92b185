// Makes pages nicer where scripts run; every page does the same without.

// Times in the reader's own zone, but where they are looked for in UTC; the exact one in UTC stays in the title.
for (const time of document.querySelectorAll("time[datetime]:not(.exact)")) {
  const date = new Date(time.dateTime);
  if (Number.isNaN(date.getTime())) continue;
  time.textContent = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

// A form that was sent is not sent twice.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
