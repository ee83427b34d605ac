/** The address of the page: which view, of what. Every view has one, so every view can be linked to. */
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  readonly view: string;
  readonly query: URLSearchParams;
}

const current = (): Route => ({ view: location.pathname.slice(1), query: new URLSearchParams(location.search) });

const listeners = new Set<() => void>();
addEventListener('popstate', () => {
  for (const listener of listeners) listener();
});

/** The address of a view; what is undefined or empty is left out. */
export function linkTo(view: string, query: Readonly<Record<string, string | number | undefined>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `/${view}${text === '' ? '' : `?${text}`}`;
}

/** Goes to an address of this page. `replace`: in place of the one that is shown, for settings of a view. */
export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, '', address);
  else {
    history.pushState(null, '', address);
    scrollTo(0, 0);
  }
  for (const listener of listeners) listener();
}

/** Where the page is. */
export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const listener = () => setRoute(current());
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return route;
}

/** Changes settings of the view that is shown; undefined takes one away. */
export function set(query: Readonly<Record<string, string | number | undefined>>): void {
  const { view, query: now } = current();
  go(linkTo(view, { ...Object.fromEntries(now), ...query }), true);
}

/** Links to views do not load the page again. */
export function followLinks(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const href = link.getAttribute('href')!;
  if (!href.startsWith('/') || href.startsWith('//') || link.hasAttribute('download') || link.hasAttribute('target'))
    return;
  event.preventDefault();
  go(href);
}
