/** Completion for shells, from the same commands and options as the help. */
import { Command, type Option } from 'commander';
import { completionRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { type CommandName, commandSummaries } from '../summaries.ts';

interface Completed {
  /** Words of the command: `batch plan`. */
  readonly path: string;
  readonly summary: string;
  readonly options: readonly { readonly flag: string; readonly what: string; readonly values: readonly string[] }[];
  readonly commands: readonly { readonly name: string; readonly what: string }[];
}

const firstSentence = (text: string) => text.split(/[;(\n]/)[0]!.trim();

function completed(command: Command, path: string): Completed[] {
  const shown = (option: Option) => !option.hidden && option.long !== undefined;
  return [
    {
      path,
      summary: command.description(),
      options: command.options.filter(shown).map((option) => ({
        flag: option.long!,
        what: firstSentence(option.description),
        values: option.argChoices ?? [],
      })),
      commands: command.commands.map((c) => ({ name: c.name(), what: firstSentence(c.description()) })),
    },
    ...command.commands.flatMap((c) => completed(c, `${path} ${c.name()}`.trim())),
  ];
}

/** In single quotes, for any of the shells. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function bash(all: readonly Completed[]): string {
  const cases = all.map(({ path, options, commands }) => {
    const words = [...commands.map((c) => c.name), ...options.map((o) => o.flag), '--help'].join(' ');
    return `    ${quoted(path)}) words=${quoted(words)} ;;`;
  });
  const values = all.flatMap(({ path, options }) =>
    options.flatMap(({ flag, values: own }) =>
      own.length > 0 ? [`    ${quoted(`${path} ${flag}`)}) words=${quoted(own.join(' '))} ;;`] : [],
    ),
  );
  const known = all.map(({ path }) => path).filter((path) => path !== '');
  return `# ballast completion bash > /etc/bash_completion.d/ballast
_ballast() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' i
  for ((i = 1; i < COMP_CWORD && i <= 2; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${known.map((p) => quoted(p)).join('|')}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$path $previous" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ "$current" != -* && \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _ballast ballast
`;
}

/** Zsh runs completions of bash. */
const zsh = (all: readonly Completed[]) => `# ballast completion zsh > ~/.ballast.zsh; then: source ~/.ballast.zsh
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bash(all).split('\n').slice(1).join('\n')}`;

function fish(all: readonly Completed[]): string {
  const lines = all.flatMap(({ path, options, commands }) => {
    const words = path.split(' ').filter((w) => w !== '');
    const own = words.map((w) => `__fish_seen_subcommand_from ${w}`).join('; and ');
    const names = commands.map((c) => c.name).join(' ');
    const deeper = names === '' ? '' : `not __fish_seen_subcommand_from ${names}`;
    const when = [own, deeper].filter((part) => part !== '').join('; and ');
    const condition = when === '' ? '' : ` -n ${quoted(when)}`;
    return [
      ...commands.map((c) => `complete -c ballast${condition} -f -a ${quoted(c.name)} -d ${quoted(c.what)}`),
      ...options.map(
        ({ flag, what, values }) =>
          `complete -c ballast${condition} -l ${flag.slice(2)} -d ${quoted(what)}${values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : ''}`,
      ),
    ];
  });
  return `# ballast completion fish > ~/.config/fish/completions/ballast.fish\n${lines.join('\n')}\n`;
}

const scripts = { bash, zsh, fish } as const;

/** `load`: gives the command of a name. */
export function completionCommand(load: (name: CommandName) => Promise<Command>): Command {
  const command = new Command('completion').description(commandSummaries.completion.summary);
  return addRequestOptions(command, completionRequest)
    .addHelpText('after', exampleText('source <(ballast completion bash)'))
    .action(async () => {
      const { shell } = requestOf(command, completionRequest);
      const program = new Command('ballast');
      for (const name of Object.keys(commandSummaries) as CommandName[])
        program.addCommand(name === 'completion' ? completionCommand(load) : await load(name));
      process.stdout.write(scripts[shell](completed(program, '')));
    });
}
