// @ts-check
/** Tables as text for other programs: plain values, never what people read. No DOM here. */

/** @typedef {import('./contract').Table} Table */

/** A value in a field: quoted where the separator, a quote or a line end is in it; a text that a spreadsheet would take for a formula is text. @param {string | number} value @param {string} separator */
function quoted(value, separator) {
  const text = typeof value === 'string' && /^[=+\-@]/.test(value) ? `'${value}` : String(value);
  const special = separator === '\t' ? /[\t\n\r"]/ : /[,\n\r"]/;
  return special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One table after the other, each with a line of heads: lengths in nanoseconds, shares from 0 to 1, nothing where there is none. @param {Table[]} tables @param {',' | '\t'} separator */
export function tableText(tables, separator) {
  const line = (/** @type {(string | number)[]} */ fields) => fields.map((field) => quoted(field, separator)).join(separator);
  return tables.map(({ id, columns, rows }) => [line([id, ...columns]), ...rows.map(({ name, cells }) => line([name, ...cells.map((cell) => cell.raw ?? '')]))].join('\n')).join('\n\n') + '\n';
}
