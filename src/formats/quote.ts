/** Text that a file brought along, fit for one line of an error message: quoted, control characters escaped, cut at 80. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
