/** A name that a file brought along, fit for a terminal: as it is where it is plain, else quoted with everything invisible escaped; cut at 80 characters. */
export function shown(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  if (!/[\p{C}\p{Zl}\p{Zp}"]/u.test(short) && short.trim() === short && short !== '') return short;
  return JSON.stringify(short).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Names in a list, the first twenty. */
export function shownList(names: Iterable<string>): string {
  const all = [...names];
  const first = all.slice(0, 20).map(shown).join(', ');
  return all.length > 20 ? `${first}, and ${all.length - 20} more` : first;
}
