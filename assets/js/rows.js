// The rows of a long table: those near its window stand in the page, the others are only room, so that ten thousand
// scroll as ten do. Groups of rows are bodies of the table; one comes and goes as a whole.
import { el } from "./dom.js";

const ALL = 120; // so many rows stand there at once
const GROUP = 30;
const ROW = 50; // pixels, until a group has been measured

/**
 * @param {Element} place What scrolls.
 * @param {Element} table Holds the rows below its head.
 * @param {(item) => Element} build Makes the row of an item, or hands out the one that it has.
 */
export function manyRows(place, table, build) {
  let groups = [];
  let high = ROW;
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const group = groups.find(({ body }) => body === target);
      if (group) (isIntersecting ? fill : empty)(group);
    }
  }, { root: place, rootMargin: "900px 0px" });

  function fill(group) {
    if (group.full) return;
    group.full = true;
    group.body.replaceChildren(...group.items.map((item, i) => {
      const row = build(item);
      if (groups.length > 1) row.setAttribute("aria-rowindex", group.from + i + 2); // the head is the first
      return row;
    }));
  }

  /** Whoever is in a row stays in it. */
  function empty(group) {
    if (!group.full || group.body.contains(document.activeElement)) return;
    high = group.body.offsetHeight / group.items.length || high;
    leaveRoom(group);
  }

  function leaveRoom(group) {
    group.full = false;
    const room = { class: "q-room", "aria-hidden": "true", style: { height: `${Math.round(high * group.items.length)}px` } };
    group.body.replaceChildren(el("tr", room, el("td", { colspan: 99 })));
  }

  return {
    /** Shows other items, or the same ones in another order. */
    show(items) {
      near.disconnect();
      const size = items.length > ALL ? GROUP : Math.max(1, items.length);
      groups = Array.from({ length: Math.max(1, Math.ceil(items.length / size)) }, (_, k) => (
        { body: el("tbody", { role: "rowgroup" }), items: items.slice(k * size, (k + 1) * size), from: k * size, full: false }));
      if (groups.length > 1) table.setAttribute("aria-rowcount", items.length + 1);
      else table.removeAttribute("aria-rowcount");
      groups.forEach((group, k) => (k ? leaveRoom : fill)(group));
      for (const old of [...table.tBodies]) old.remove();
      table.append(...groups.map(({ body }) => body));
      if (groups.length > 1) for (const { body } of groups) near.observe(body);
    },
    /** Makes sure that the row of an item stands in the page. */
    reach(item) {
      const group = groups.find(({ items }) => items.includes(item));
      if (group) fill(group);
    },
    /** The items whose rows stand in the page. */
    present: () => groups.filter(({ full }) => full).flatMap(({ items }) => items),
  };
}
