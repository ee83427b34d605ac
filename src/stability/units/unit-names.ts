import type { Graph, Node } from '../../onnx/index.ts';

/** What names are made from: the addition and the nodes of the branch, those with weights among them. */
export interface NamedUnit {
  readonly join: Node;
  readonly branch: readonly Node[];
  readonly weighty: readonly Node[];
}

/** The longest beginning that all lists share. */
export function commonPrefix(lists: readonly (readonly string[])[]): string[] {
  const [first = []] = lists;
  const differs = first.findIndex((part, i) => lists.some((l) => l[i] !== part));
  return differs < 0 ? [...first] : first.slice(0, differs);
}

/**
 * The modules around a node, outermost first: PyTorch's exporters write them into the names of nodes and of their results
 * (`/layer1/layer1.0/conv1/Conv`). undefined where they did not.
 */
function scopeOf(node: Node): string[] | undefined {
  const scoped = [node.name, node.outputs[0]?.name ?? ''].find((name) => name.startsWith('/'));
  return scoped?.split('/').slice(1, -1);
}

/** A scope as the state dict writes it: children of lists have the list's name in front of theirs, others only their own. */
function pathOf(scope: readonly string[]): string {
  return scope.filter((part, i) => !scope[i + 1]?.startsWith(`${part}.`)).join('.');
}

/** The common prefix of the names of a branch's parameters: `layer1.0` of `layer1.0.conv1.weight`, ... */
function parameterPath(graph: Graph, nodes: readonly Node[]): string | undefined {
  const parameters = nodes
    .flatMap((n) => n.inputs)
    .flatMap((v) => (v && graph.constants.has(v) && /^[\w.]+\.[\w.]+$/.test(v.name) ? [v.name] : []));
  const path = commonPrefix(
    parameters.map((n) =>
      n
        .replace(/^module\./, '')
        .split('.')
        .slice(0, -1),
    ),
  );
  return parameters.length > 1 && path.length ? path.join('.') : undefined;
}

/** The module below `scope` that a branch is in, or else the first one with weights; undefined where it has none of its own. */
function moduleWithin(scope: readonly string[], { weighty }: NamedUnit): string | undefined {
  const scopes = weighty.flatMap((n) => [scopeOf(n)].filter((s) => s !== undefined));
  const inside = scopes.filter((s) => s.length > scope.length && scope.every((part, i) => s[i] === part));
  const [first] = inside;
  if (!first || inside.length < scopes.length) return undefined;
  const shared = commonPrefix(inside);
  return pathOf(shared.length > scope.length ? shared : first.slice(0, scope.length + 1));
}

/**
 * A unit is called what its author called it: after the module whose forward pass has its addition. Where several additions are in one
 * module, after the part that the branch is. Graphs without scopes have parameters with names, or units that are counted.
 * (Parameters come second: exporters write equal ones once, under the first one's name.)
 */
export function unitNames(graph: Graph, units: readonly NamedUnit[]): string[] {
  const scopes = units.map(({ join }) => scopeOf(join));
  const names = units.map((unit, i) => {
    const scope = scopes[i];
    if (!scope) return parameterPath(graph, unit.branch) ?? `unit${i + 1}`;
    const alone = scopes.filter((s) => s?.join('/') === scope.join('/')).length === 1;
    if (alone && scope.length) return pathOf(scope);
    return moduleWithin(scope, unit) ?? (pathOf(scope) || parameterPath(graph, unit.branch) || `unit${i + 1}`);
  });
  return names.map((name, i) => {
    const repeats = names.slice(0, i).filter((n) => n === name).length;
    return repeats ? `${name}#${repeats + 1}` : name;
  });
}
