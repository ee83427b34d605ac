import { useEffect, useState } from 'preact/hooks';
import type { JobState } from '../../schema/serve/index.ts';
import { live } from '../api/live.ts';
import { useQuery } from '../api/use-query.ts';

/** The last job that writes into a folder, as it is now. */
export function useJob(folder: string): JobState | undefined {
  const { value } = useQuery('jobs', {});
  const [job, setJob] = useState<JobState>();
  useEffect(
    () =>
      live.onEvents((events) => {
        for (const event of events) if (event.kind === 'job' && event.job.folder === folder) setJob(event.job);
      }),
    [folder],
  );
  return job ?? value?.jobs.filter((j) => j.folder === folder).at(-1);
}

export const isUnderWay = (job: JobState | undefined): boolean =>
  job !== undefined && (job.state === 'running' || job.state === 'stopping');
