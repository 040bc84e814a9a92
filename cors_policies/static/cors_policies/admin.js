/* Line numbers beside lists, and groups to choose from. Without this script every list can still be typed. */
"use strict";

(() => {
  /** Writes a number for each line of the text area, and marks those that hold a problem. */
  function numberLines(area, gutter) {
    const marked = new Set((area.dataset.marked || "").split(" "));
    const count = area.value.split("\n").length;
    const numbers = Array.from({ length: count }, (_, index) => {
      const number = document.createElement("span");
      number.textContent = String(index + 1);
      number.classList.toggle("cors-marked", marked.has(number.textContent));
      return number;
    });
    gutter.firstChild.replaceChildren(...numbers);
  }

  function addGutter(box) {
    const area = box.querySelector("textarea");
    const gutter = document.createElement("div");
    gutter.className = "cors-gutter";
    gutter.setAttribute("aria-hidden", "true");
    gutter.append(document.createElement("div"));
    box.prepend(gutter);
    numberLines(area, gutter);
    area.addEventListener("input", () => {
      delete area.dataset.marked; // the numbers were those of the text that was sent
      numberLines(area, gutter);
    });
    area.addEventListener("scroll", () => {
      gutter.scrollTop = area.scrollTop;
    });
  }

  /** Appends the chosen group to the list, unless it stands there. */
  function addGroup(area, name) {
    const names = area.value.split(/[\n,]+/).map((text) => text.trim()).filter(Boolean);
    if (name && !names.includes(name)) {
      area.value = [...names, name].join("\n");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function showPicker(picker) {
    const area = document.getElementById(picker.dataset.for);
    const choice = picker.querySelector("select");
    picker.querySelector("button").addEventListener("click", () => {
      addGroup(area, choice.value);
      choice.value = "";
    });
    picker.hidden = false;
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".cors-lines").forEach(addGutter);
    document.querySelectorAll(".cors-picker").forEach(showPicker);
  });
})();
