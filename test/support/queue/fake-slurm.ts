/** A scheduler for tests, of which every answer is known. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `sbatch`, `squeue`, `scancel` and `scontrol` that do what `mood` says and note every call. An array that is submitted is listed until a file `over` is there.
 */
export function writeFakes(folder: string, mostTasks = 5): void {
  const script = (name: string, body: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\ncd "${folder}"\necho "${name} $*" >> calls\nmood=$(cat mood)\n${body}\n`);
    chmodSync(path, 0o755);
  };
  const taken = `name=$(sed -n 's/^#SBATCH --job-name=//p' "$2"); n=$(( $(wc -l < jobs) + 1 )); echo "$n $name" >> jobs`;
  script(
    'sbatch',
    `case "$mood" in
      "sbatch lost") ${taken}; echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1;;
      "sbatch hangs") ${taken}; exec sleep 60;;
      "sbatch refuses") echo "sbatch: error: invalid partition specified: nowhere" >&2; exit 1;;
    esac
    ${taken}; echo $n`,
  );
  script(
    'squeue',
    `case "$mood" in
      "squeue fails") echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1;;
    esac
    while read -r n name; do [ -f "over-$n" ] || { [ -f running ] && sed "s/^/\${n}_/; s/\\$/|$name|RUNNING/" running; [ -f started ] || echo "\${n}_[0-9]|$name|PENDING"; }; done < jobs`,
  );
  script('scancel', '');
  script('scontrol', `echo "MaxArraySize            = ${mostTasks + 1}"`);
  writeFileSync(join(folder, 'jobs'), '');
  writeFileSync(join(folder, 'mood'), '');
  writeFileSync(join(folder, 'calls'), '');
}
