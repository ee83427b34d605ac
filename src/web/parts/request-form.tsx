import type { Form, FormField } from '../../schema/serve/index.ts';

/** What is filled in, as text; what is empty is not said. */
export type Filled = Readonly<Record<string, string>>;

/** The filled-in fields as a request. */
export const requestOf = (form: Form, filled: Filled): Record<string, unknown> =>
  Object.fromEntries(
    form.fields.flatMap(({ key, type }) => {
      const value = filled[key]?.trim() ?? '';
      return value === '' ? [] : [[key, type === 'truth' ? value === 'true' : value]];
    }),
  );

interface FieldProps {
  readonly field: FormField;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Field({ field, value, onChange }: FieldProps) {
  const { key, type, choices, fallback, required, summary } = field;
  const id = `field-${key}`;
  const hint = fallback === null ? '' : fallback;
  return (
    <div class="field">
      <label for={id}>
        {key}
        {required ? ' *' : ''}
      </label>
      {type === 'choice' || type === 'truth' ? (
        <select id={id} value={value} onChange={(e) => onChange(e.currentTarget.value)} aria-describedby={`${id}-says`}>
          <option value="">{hint === '' ? '–' : `${hint} (default)`}</option>
          {(type === 'truth' ? ['true', 'false'] : choices).map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          type="text"
          inputmode={type === 'number' ? 'decimal' : type === 'whole' ? 'numeric' : 'text'}
          value={value}
          placeholder={hint}
          required={required}
          aria-describedby={`${id}-says`}
          onInput={(e) => onChange(e.currentTarget.value)}
        />
      )}
      <span id={`${id}-says`} class="says">
        {summary}
      </span>
    </div>
  );
}

interface RequestFormProps {
  readonly form: Form;
  readonly filled: Filled;
  readonly onChange: (filled: Filled) => void;
}

/** The fields of a request: what is particular to it first, then the network, the data and the machine. */
export function RequestForm({ form, filled, onChange }: RequestFormProps) {
  const groups = [...new Set(form.fields.map((f) => f.group))].sort((a, b) => Number(a !== '') - Number(b !== ''));
  return (
    <>
      {groups.map((group) => (
        <fieldset key={group}>
          <legend>{group === '' ? 'What is asked' : group}</legend>
          {form.fields
            .filter((f) => f.group === group)
            .map((field) => (
              <Field
                key={field.key}
                field={field}
                value={filled[field.key] ?? ''}
                onChange={(value) => onChange({ ...filled, [field.key]: value })}
              />
            ))}
        </fieldset>
      ))}
    </>
  );
}
