/** The small tables below the figures. Every number can be found by its name: `[data-value="qamro loss"]`. */

/**
 * @param {string[]} head texts of the columns, the first one above the row titles
 * @param {{key: string, title: string, cells: Record<string, string | number>}[]} rows
 */
export function table(head, rows) {
  const [corner, ...columns] = head;
  const body = rows.map(({ key, title, cells }) => {
    const row = Object.entries(cells).map(([name, value]) => `<td data-value="${key} ${name}">${value}</td>`);
    return `<tr class="${key}"><th>${title}</th>${row.join("")}</tr>`;
  });
  const titles = columns.map((text) => `<th>${text}</th>`).join("");
  return `<thead><tr><td>${corner}</td>${titles}</tr></thead><tbody>${body.join("")}</tbody>`;
}

/** A loss by its name, in its colour. */
export const named = (key) => `<b class="${key}">${key === "mr" ? "MR" : "QAMRO"}</b>`;
