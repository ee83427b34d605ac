/** A study: what it says, what is open, and its trials, while they are computed. */
import { act } from '../../api/client.ts';
import { useActions } from '../../parts/actions.ts';
import { isUnderWay, useJob } from '../../parts/jobs.ts';
import { ProgressBar } from '../../parts/progress-bar.tsx';
import { linkTo, useRoute } from '../../parts/route.ts';
import { Answered, Problem, Waiting } from '../../parts/states.tsx';
import { CostTab } from './cost-tab.tsx';
import { CurvesTab } from './curves-tab.tsx';
import { Answer, Findings } from './findings.tsx';
import { StudyControls } from './study-controls.tsx';
import { TrialsTab } from './trials-tab.tsx';
import { useAnalysis, useStudy } from './use-study.ts';
import { Workers } from './workers.tsx';

const tabs = {
  '': 'What it says',
  curves: 'Curves',
  trials: 'Trials',
  cost: 'Time and cost',
  file: 'Study file',
} as const;

export function StudyView({ path: study }: { readonly path: string }) {
  const { query: settings } = useRoute();
  const tab = settings.get('tab') ?? '';
  const found = useStudy(study);
  const analysed = useAnalysis(study, found);
  const actions = useActions();
  const { trials, progress } = found;
  const job = useJob(study);
  if (found.query.error?.status === 404 && isUnderWay(job))
    return <Waiting what={`${study}, which is being laid out`} />;
  const analysis = analysed.value;
  const steer = (name: 'requeue' | 'cancel') => (ids: readonly string[]) =>
    actions.run(async () => (await act(name, { study, trials: [...ids] })).done);
  return (
    <Answered query={found.query} what={study}>
      {(overview) => {
        const steered = overview.source === 'database';
        return (
          <>
            <nav class="tools" aria-label="This study">
              <a href="/">All of the folder</a>
              <a href={linkTo('compare', { a: study })}>Compare</a>
            </nav>
            <h1>{overview.name}</h1>
            {analysed.error ? (
              <Problem message={analysed.error.message} retry={analysed.reload} />
            ) : (
              <Answer analysis={analysis} />
            )}
            <ProgressBar progress={progress ?? overview} />
            {steered && (
              <StudyControls
                job={job}
                study={study}
                progress={progress ?? overview}
                failed={trials.filter((t) => t.status === 'failed').map((t) => t.id)}
                actions={actions}
              />
            )}
            {steered && <Workers study={study} trials={trials} />}
            <nav class="tabs" aria-label="Parts of this study">
              {Object.entries(tabs).map(([key, name]) => (
                <a
                  key={key}
                  href={linkTo('study', { path: study, tab: key })}
                  aria-current={tab === key ? 'page' : undefined}
                >
                  {name}
                </a>
              ))}
            </nav>
            {tab === '' && <Findings study={study} analysis={analysis} />}
            {tab === 'curves' && <CurvesTab study={study} trials={trials} analysis={analysis} />}
            {tab === 'trials' && (
              <TrialsTab
                study={study}
                trials={trials}
                analysis={analysis}
                steered={steered}
                onRequeue={steer('requeue')}
                onCancel={steer('cancel')}
              />
            )}
            {tab === 'cost' && <CostTab study={study} />}
            {tab === 'file' &&
              (overview.text === null ? (
                <p class="state">There is no study file beside these measurements.</p>
              ) : (
                <pre class="plain" tabindex={0}>
                  {overview.text}
                </pre>
              ))}
          </>
        );
      }}
    </Answered>
  );
}
