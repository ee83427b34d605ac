import type { StudyAnalysis, TrialState } from '../../../schema/serve/index.ts';
import { linkTo, set, useRoute } from '../../parts/route.ts';
import { CurvesPanel, TrialCurves } from './curves-panel.tsx';
import { ofText } from './trial-names.ts';

interface CurvesTabProps {
  readonly study: string;
  readonly trials: readonly TrialState[];
  readonly analysis: StudyAnalysis | undefined;
}

/** Curves of trials of one study. */
export function CurvesTab({ study, trials, analysis }: CurvesTabProps) {
  const { query } = useRoute();
  const chosen = query.get('trials') ?? '';
  return (
    <CurvesPanel
      sources={(wanted) => (
        <TrialCurves {...wanted} study={study} trials={trials} analysis={analysis} chosen={chosen} />
      )}
      tools={
        <>
          {chosen !== '' && (
            <button type="button" onClick={() => set({ trials: undefined })}>
              First of each batch size
            </button>
          )}
          <a href={linkTo('curves', { of: ofText([{ study, chosen }]) })}>With another study’s</a>
        </>
      }
    />
  );
}
