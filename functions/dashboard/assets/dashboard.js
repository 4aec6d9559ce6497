// Copy buttons, the filter of keys, local times, double clicks and the removal of secrets. Every page works without this file.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const announce = (text) => {
  const status = document.querySelector("[data-announce]");
  status.textContent = "";
  // A screen reader reads the same words again only if they were gone in between.
  setTimeout(() => (status.textContent = text), 50);
};

const select = (element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};

const copy = async (source) => {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // Pages that are not served over HTTPS have no clipboard, but can copy what is selected.
    select(source);
    return document.execCommand("copy");
  }
};

for (const button of all("[data-copy]")) {
  const source = document.querySelector(button.dataset.copy);
  const label = button.firstElementChild;
  const text = label.textContent;
  let timer;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(source);
    label.textContent = copied ? "Copied" : text;
    announce(copied ? "Copied" : "The text is selected. Press Ctrl+C or ⌘C to copy it.");
    clearTimeout(timer);
    timer = setTimeout(() => (label.textContent = text), 2000);
  });
}

for (const input of all("[data-filter]")) {
  // The last cell has the buttons, whose words would match on every row.
  const rows = all(input.dataset.filter).map((row) => [row, fold([...row.cells].slice(0, -1).map((cell) => cell.textContent).join(" "))]);
  const count = document.querySelector("[data-filter-count]");
  let timer;
  input.closest("[hidden]").hidden = false;
  const apply = () => {
    const words = fold(input.value).split(/\s+/);
    for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
    for (const list of all("[data-filter-list]")) {
      const shown = all("tbody tr:not([hidden])", list).length;
      list.querySelector("table").hidden = shown === 0;
      list.querySelector("[data-filter-none]").hidden = shown > 0;
    }
    clearTimeout(timer);
    const shown = rows.filter(([row]) => !row.hidden).length;
    timer = setTimeout(() => (count.textContent = input.value ? `${shown} of ${rows.length} keys` : ""), 250);
  };
  input.addEventListener("input", apply);
  // A reload or a step back restores what was typed.
  addEventListener("pageshow", () => input.value && apply());
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
for (const time of all('time[datetime$="Z"]')) {
  const date = new Date(time.dateTime);
  if (isNaN(date)) continue;
  time.title = time.textContent;
  time.textContent = moment.format(date);
}
for (const zone of all("[data-zone]")) {
  zone.textContent = `Times are in your time zone, ${moment.resolvedOptions().timeZone}.`;
}

// A form that is sent twice by a double click would be answered without the secret the second time.
for (const form of all("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
  });
  addEventListener("pageshow", () => delete form.dataset.sent);
}

const removeSecrets = () => {
  for (const secret of all("[data-secret]")) secret.textContent = "";
};
addEventListener("pagehide", removeSecrets);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  removeSecrets();
  for (const secret of all("[data-secret]")) {
    secret.textContent = "No longer shown";
    for (const button of all(`[data-copy="#${secret.id}"]`)) button.hidden = true;
  }
});
