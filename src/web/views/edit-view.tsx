/** A study file that is checked while it is typed. */
import { useEffect, useState } from 'preact/hooks';
import type { ResponseOf } from '../../schema/serve/index.ts';
import { act, ask, Failed } from '../api/client.ts';
import { useQuery } from '../api/use-query.ts';
import { useActions } from '../parts/actions.ts';
import { go, linkTo } from '../parts/route.ts';
import { Answered } from '../parts/states.tsx';

/** What a new study begins with: procedural data, so that it runs anywhere. */
const beginning = `name: first
workloads:
  - name: shapes
    model: resnet8
    dataset: shapes
    targets:
      - { quantity: trainLoss, value: 1.0 }
batchSizes: [16, 32, 64, 128]
strategies: [tuned]
learningRates: [0.05, 0.1, 0.2]
seeds: [0]
budget: { epochs: 2 }
`;

/** Milliseconds that the typing rests before it is checked. */
const rest = 200;

function useCheck(text: string) {
  const [checked, setChecked] = useState<ResponseOf<'check'>>();
  const [error, setError] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask('check', { text }, stop.signal).then(
        (found) => {
          setChecked(found);
          setError('');
        },
        (cause: unknown) => {
          if (!stop.signal.aborted) setError(cause instanceof Failed ? cause.message : String(cause));
        },
      );
    }, rest);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [text]);
  return { checked, error };
}

function Editor({ path, stored }: { readonly path: string; readonly stored: string | null }) {
  const [text, setText] = useState(stored ?? beginning);
  const [before, setBefore] = useState(stored);
  const [name, setName] = useState(path === '' ? 'study.yaml' : path);
  const { checked, error } = useCheck(text);
  const { said, busy, run } = useActions();
  const mistakes = checked?.mistakes ?? [];
  const lines = text.split('\n').length;
  const save = async () => {
    const { done } = await act('save', { path: name, text, before });
    setBefore(text);
    return done;
  };
  const start = () =>
    run(async () => {
      await save();
      const { job } = await act('start', { study: name });
      go(linkTo('study', { path: job.folder }));
      return 'started';
    });
  const saved = before === text;
  return (
    <>
      <h1>Study file</h1>
      <div class="tools">
        <label>
          File{' '}
          <input
            value={name}
            readonly={stored !== null}
            onInput={(e) => {
              setName(e.currentTarget.value);
              setBefore(null);
            }}
          />
        </label>
        <button type="button" disabled={busy || saved || mistakes.length > 0} onClick={() => run(save)}>
          Save
        </button>
        <button
          type="button"
          class="main"
          disabled={busy || mistakes.length > 0 || checked === undefined}
          onClick={start}
        >
          Save and start
        </button>
        <span role="status">{said || (saved ? 'saved' : '')}</span>
      </div>
      <div class="editor">
        <label for="study-text">The study, in YAML</label>
        <textarea
          id="study-text"
          spellcheck={false}
          rows={Math.min(40, Math.max(16, lines + 2))}
          value={text}
          aria-invalid={mistakes.length > 0}
          aria-describedby="study-check"
          onInput={(e) => setText(e.currentTarget.value)}
        />
        <div id="study-check" role="status" aria-live="polite">
          {error !== '' && <p class="wrong">{error}</p>}
          {checked && mistakes.length === 0 && (
            <p>
              It is as it should be: {checked.trials} trials of {checked.workloads.join(', ')}.
              {checked.runsCommands ? ' Its trials are programs that the file names: they run on this machine.' : ''}
            </p>
          )}
          {mistakes.length > 0 && (
            <ul class="notes">
              {mistakes.map(({ line, message }) => (
                <li key={`${line} ${message}`}>
                  <button
                    type="button"
                    onClick={() => {
                      const area = document.getElementById('study-text') as HTMLTextAreaElement;
                      const from =
                        text
                          .split('\n')
                          .slice(0, line - 1)
                          .join('\n').length + (line > 1 ? 1 : 0);
                      area.focus();
                      area.setSelectionRange(from, from + (text.split('\n')[line - 1]?.length ?? 0));
                    }}
                  >
                    line {line}
                  </button>{' '}
                  {message}
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </>
  );
}

/** An existing study file, or a new one. */
export function EditView({ path }: { readonly path: string }) {
  const query = useQuery('text', path === '' ? null : { path });
  if (path === '') return <Editor path="" stored={null} />;
  return (
    <Answered query={query} what={path}>
      {({ text }) => <Editor path={path} stored={text} />}
    </Answered>
  );
}
