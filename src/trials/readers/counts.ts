/** Distinct names that are kept; a hostile file has as many as it likes. */
const most = 1000;

/** How often each of several things came. */
export class Counts {
  readonly map = new Map<string, number>();

  add(name: string, times = 1): void {
    const key = this.map.has(name) || this.map.size < most ? name : 'others';
    this.map.set(key, (this.map.get(key) ?? 0) + times);
  }
}
