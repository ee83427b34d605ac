import { rules } from '../../src/autodiff/index.ts';
import { inferenceRules } from '../../src/onnx/inference/index.ts';
import type { CaseResult, Outcome } from './case.ts';

const kinds: readonly Outcome['kind'][] = ['right', 'refused', 'wrong', 'kink', 'none'];

const emissions = ['plain', 'blocked', 'float64', 'derivative'] as const;

function counted(outcomes: readonly Outcome[]): string {
  return kinds
    .map((kind) => [kind, outcomes.filter((o) => o.kind === kind).length] as const)
    .filter(([, n]) => n > 0)
    .map(([kind, n]) => `${n} ${kind}`)
    .join(', ');
}

export function summary(results: readonly CaseResult[]): string {
  const lines = emissions.map((what) => `${what}: ${counted(results.map((r) => r[what]))}`);
  const constants = results.filter((r) => r.plain.kind === 'right' && r.constants).length;
  return [`${results.length} cases, ${constants} of the right ones once parameters are constants`, ...lines].join('\n');
}

/** What bench/results keeps of a run: outcomes of all cases, and of each operator's own cases as one line of text. */
export function countsOf(results: readonly CaseResult[]) {
  const outcomes = Object.fromEntries(emissions.map((what) => [what, counted(results.map((r) => r[what]))]));
  const operators = [...new Set(results.flatMap((r) => r.operators))].sort();
  return {
    cases: results.length,
    outcomes,
    operators: Object.fromEntries(
      operators.map((op) => {
        const of = results.filter((r) => r.operators.length === 1 && r.operators[0] === op);
        return [op, emissions.map((what) => `${what}: ${counted(of.map((r) => r[what])) || '-'}`).join('; ')];
      }),
    ),
  };
}

/** Piecewise constant, or no floats come out: a derivative would be 0 or has no meaning. */
const flat = new Set(
  (
    'Sign Floor Ceil Round Hardmax Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN IsInf ArgMax ArgMin Shape Size ' +
    'NonZero BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitShift ConstantOfShape Range EyeLike'
  ).split(' '),
);

/** docs/operators.md: the operators that Ballast knows, from its own tables, beside what ONNX's tests say of each. */
export function operatorTable(results: readonly CaseResult[]): string {
  const cases = (op: string) => results.filter((r) => r.operators.length === 1 && r.operators[0] === op);
  const row = (op: string) => {
    const of = cases(op);
    const right = (what: (typeof emissions)[number]) => of.filter((r) => r[what].kind === 'right').length;
    const derivative = flat.has(op) ? 'constant' : Object.hasOwn(rules, op) ? 'yes' : '-';
    const share = (n: number) => (of.length ? `${n}` : '-');
    return `| ${op} | ${derivative} | ${of.length || '-'} | ${share(right('plain'))} | ${share(right('blocked'))} | ${share(right('float64'))} | ${share(right('derivative'))} |`;
  };
  const known = Object.keys(inferenceRules['']!).sort((a, b) => (a < b ? -1 : 1));
  const refused = new Map<string, number>();
  for (const r of results) {
    if (r.plain.kind !== 'refused') continue;
    for (const op of r.operators) if (!known.includes(op)) refused.set(op, (refused.get(op) ?? 0) + 1);
  }
  const unknown = [...refused].sort(([a], [b]) => (a < b ? -1 : 1)).map(([op, n]) => `${op} (${n})`);
  const wrong = results.filter((r) => [r.plain, r.blocked, r.float64, r.derivative].some((o) => o.kind === 'wrong'));
  const told = wrong.map((r) => {
    const reason = [r.plain, r.blocked, r.float64, r.derivative].find((o) => o.kind === 'wrong')?.reason ?? '';
    return `- \`${r.name}\`: ${reason.slice(0, 160)}`;
  });
  return `# Operators

Made by \`npm run onnx-backend -- FOLDER\` from the tables of the code and a run of ONNX's own backend tests; do not edit.

\`\`\`
${summary(results)}
\`\`\`

An operator is known where it has a rule for its shapes, and differentiable where it has one for its tangent ("constant": the derivative is 0,
or nothing continuous comes out). The counts are of ONNX's tests whose model is that operator alone: how many there are, and how many are right in
plain, blocked and float64 emission, and have derivatives that agree with central differences. What is missing from a count is
refused by name, of an element type that Ballast does not have, or (derivatives) at a kink.

| operator | derivative | cases | plain | blocked | float64 | differences |
| --- | --- | --- | --- | --- | --- | --- |
${known.map(row).join('\n')}

## Refused by name

${unknown.join(', ')}

## Not as ONNX's reference says

${told.length ? told.join('\n') : 'None.'}

With \`align_corners\` and a scale that leaves a fraction of a pixel, the reference divides by the length before it is rounded, ONNX Runtime and
PyTorch by the true one: such a Resize is refused, with sizes it is taken.
`;
}
