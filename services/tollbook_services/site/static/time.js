// A slider beside the field "recorded up to": each step is an event of the ledger. The page works without it.
"use strict";
for (const form of document.querySelectorAll("form[data-head]")) {
  const field = form.elements.known_as_of;
  const head = Number(form.dataset.head);
  if (!field || !(head > 1)) continue;
  const given = Number(field.value.split(":").pop());
  const slider = document.createElement("input");
  slider.type = "range";
  slider.min = 1;
  slider.max = head;
  slider.value = Number.isInteger(given) && given > 0 ? given : head;
  slider.setAttribute("aria-label", form.dataset.label);
  slider.addEventListener("input", () => { field.value = `${form.dataset.partition}:${slider.value}`; });
  slider.addEventListener("change", () => form.requestSubmit());
  const place = document.createElement("div");
  place.append(slider);
  field.parentElement.after(place);
}
