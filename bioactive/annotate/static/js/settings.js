// What an annotator may set: language, colours, text size and a target of one's own. Kept in this browser.

import { setLanguage } from "./i18n.js";

const PLACE = "bioactive/settings";
const DEFAULTS = { lang: "", theme: "", size: 18, target: 0 };

export const settings = { ...DEFAULTS, ...stored() };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch {
    return {};
  }
}

// Apply the settings; the recipe's language counts until the annotator chooses one, and the browser's before both.
export function applySettings(recipeLanguage = "") {
  const browser = navigator.language?.startsWith("ru") ? "ru" : "en";
  setLanguage(settings.lang || recipeLanguage || browser);
  if (settings.theme) document.documentElement.dataset.theme = settings.theme;
  else delete document.documentElement.dataset.theme;
  document.documentElement.style.setProperty("--size", `${Number(settings.size) || 18}px`);
}

// Connect the dialog. onChange() runs after every change.
export function bindSettings(recipeLanguage, onChange) {
  for (const name of Object.keys(DEFAULTS)) {
    const field = document.getElementById(`set-${name}`);
    field.value = String(settings[name] || (name === "lang" ? document.documentElement.lang : settings[name]));
    field.addEventListener("change", () => {
      settings[name] = field.type === "number" || name === "size" ? Math.max(0, Number(field.value) || 0) : field.value;
      localStorage.setItem(PLACE, JSON.stringify(settings));
      applySettings(recipeLanguage);
      onChange();
    });
  }
}
