import type { ComponentChildren } from 'preact';
import type { Query } from '../api/use-query.ts';

/** What stands in a view before there is anything to show, or where nothing can be. */
export function Waiting({ what }: { readonly what: string }) {
  return (
    <p class="state" role="status">
      Loading {what} …
    </p>
  );
}

export function Problem({ message, retry }: { readonly message: string; readonly retry?: () => void }) {
  return (
    <div class="state problem" role="alert">
      <p>{message}</p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** The answer of a query, or what stands in its place. */
export function Answered<T>({
  query,
  what,
  children,
}: {
  readonly query: Query<T>;
  readonly what: string;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { value, error, reload } = query;
  return (
    <>
      {error && <Problem message={error.message} retry={reload} />}
      {value !== undefined ? children(value) : error ? null : <Waiting what={what} />}
    </>
  );
}
