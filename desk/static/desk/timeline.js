/* Dragging a bar of the timeline to another unit or time. It sends the form that the bar's own
   link opens, so that whoever has no script or mouse does the same by that link. */
(() => {
  "use strict";
  const table = document.querySelector("table.timeline");
  const form = document.getElementById("timeline-move");
  if (!table || !form) return;
  const isNights = table.classList.contains("nights");
  const FAR_ENOUGH = 6;
  let drag = null;

  const columnAt = (cell, x) => {
    const box = cell.getBoundingClientRect();
    const within = Math.min(Math.max(x - box.left, 0), box.width - 1);
    return Number(cell.dataset.first) + Math.floor((within / box.width) * cell.colSpan);
  };

  const placeAt = (x, y) => {
    const cell = document.elementFromPoint(x, y)?.closest("td[data-first]");
    return cell && table.contains(cell)
      ? { cell, unit: cell.parentElement.dataset.unit, column: columnAt(cell, x) }
      : null;
  };

  const shifted = (start, columns) => {
    const at = new Date(`${start}${isNights ? "T00:00" : ""}:00Z`);
    const minutes = isNights ? columns * 24 * 60 : columns * Number(table.dataset.step);
    return new Date(at.getTime() + minutes * 60_000).toISOString().slice(0, isNights ? 10 : 16);
  };

  const end = () => {
    if (!drag) return;
    drag.bar.classList.remove("dragged");
    drag.target?.classList.remove("target");
    document.body.classList.remove("dragging");
    drag = null;
  };

  table.addEventListener("pointerdown", (event) => {
    const bar = event.target.closest(".bar[data-move]");
    const isHandle = event.target.closest(".bar-move");
    if (!bar || event.button !== 0 || (event.pointerType === "touch" && !isHandle)) return;
    const cell = bar.closest("td");
    drag = {
      bar, x: event.clientX, y: event.clientY, pointer: event.pointerId, moved: false, target: null,
      unit: cell.parentElement.dataset.unit, column: columnAt(cell, event.clientX),
    };
  });

  window.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y);
    if (!drag.moved && far < FAR_ENOUGH) return;
    drag.moved = true;
    drag.bar.classList.add("dragged");
    document.body.classList.add("dragging");
    const place = placeAt(event.clientX, event.clientY);
    if (place?.cell !== drag.target) {
      drag.target?.classList.remove("target");
      place?.cell.classList.add("target");
      drag.target = place?.cell ?? null;
    }
  });

  window.addEventListener("pointerup", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    const { bar, moved, unit, column } = drag;
    const place = moved ? placeAt(event.clientX, event.clientY) : null;
    end();
    if (!moved) return;
    // The click that follows would open the bar's link.
    window.addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
    window.setTimeout(() => window.dispatchEvent(new Event("click")), 0);
    if (!place || (place.unit === unit && place.column === column)) return;
    form.action = bar.dataset.move;
    form.elements.version.value = bar.dataset.version;
    form.elements.resource.value = place.unit === unit ? "" : place.unit;
    form.elements.start.value = shifted(bar.dataset.start, place.column - column);
    form.submit();
  });

  window.addEventListener("pointercancel", end);
  window.addEventListener("keydown", (event) => event.key === "Escape" && end());
  // A link would be dragged by the browser itself.
  table.addEventListener("dragstart", (event) => event.preventDefault());
})();
