// Forms: values, what is wrong with which field, and whether the answer is still awaited.
import { ChangeEvent, FormEvent, InputHTMLAttributes, ReactNode, SelectHTMLAttributes, useId, useRef, useState } from "react";
import { newKey, post } from "./api";
import { APIProblem, asProblem } from "./problem";
import { StatusMark } from "./Status";

type Values = Record<string, string>;
export type FieldErrors<V extends Values> = Partial<Record<keyof V, string>>;

export interface FormOptions<V extends Values> {
  initial: V;
  /** Sentences for the fields that cannot be right; asked before anything is sent. */
  check?: (values: V) => FieldErrors<V>;
  submit: (values: V) => Promise<void>;
  /** Turns a refusal into a sentence for a field; the default trusts the problem's `field`. */
  explain?: (problem: APIProblem) => FieldErrors<V> | undefined;
}

export interface Form<V extends Values> {
  values: V;
  set: (name: keyof V & string, value: string) => void;
  errors: FieldErrors<V>;
  /** What went wrong with the whole, not with one field. */
  problem: APIProblem | undefined;
  pending: boolean;
  /** Something beside submitting went wrong: with fields, or as a whole. */
  fail: (failure: FieldErrors<V> | APIProblem) => void;
  props: { onSubmit: (event: FormEvent<HTMLFormElement>) => void; noValidate: true };
  field: (name: keyof V & string) => FieldBinding;
}

export interface FieldBinding { name: string; value: string; error: string | undefined; onChange: (event: ChangeEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>) => void; onBlur: () => void }

export function useForm<V extends Values>(options: FormOptions<V>): Form<V> {
  const [values, setValues] = useState(options.initial);
  const [errors, setErrors] = useState<FieldErrors<V>>({});
  const [problem, setProblem] = useState<APIProblem | undefined>();
  const [pending, setPending] = useState(false);
  const tried = useRef(false);

  const set = (name: keyof V & string, value: string): void => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors((before) => ({ ...before, [name]: undefined }));
  };

  /** A field is told off when it is left, not while it is typed into, and only after the first try. */
  const recheck = (name: keyof V & string): void => {
    if (tried.current) setErrors((before) => ({ ...before, [name]: options.check?.(values)[name] }));
  };

  async function submit(form: HTMLFormElement): Promise<void> {
    tried.current = true;
    const wrong = options.check?.(values) ?? {};
    setErrors(wrong);
    setProblem(undefined);
    if (Object.values(wrong).some(Boolean)) return focusFirst(form, wrong);
    setPending(true);
    try {
      await options.submit(values);
    } catch (error) {
      const refused = asProblem(error);
      const known = options.explain?.(refused) ?? fieldOf(refused, values);
      if (known) { setErrors(known); focusFirst(form, known); } else setProblem(refused);
    } finally {
      setPending(false);
    }
  }

  return {
    values, set, errors, problem, pending,
    fail: (failure) => { if (failure instanceof APIProblem) setProblem(failure); else setErrors(failure); },
    props: {
      noValidate: true,
      onSubmit: (event) => { event.preventDefault(); if (!pending) void submit(event.currentTarget); },
    },
    field: (name) => ({
      name, value: values[name] ?? "", error: errors[name],
      onChange: (event) => set(name, event.currentTarget.value), onBlur: () => recheck(name),
    }),
  };
}

function fieldOf<V extends Values>(problem: APIProblem, values: V): FieldErrors<V> | undefined {
  if (!problem.field || !(problem.field in values)) return undefined;
  return { [problem.field]: problem.detail ?? problem.title } as FieldErrors<V>;
}

function focusFirst(form: HTMLFormElement, wrong: Partial<Record<string, string>>): void {
  for (const name of Object.keys(wrong)) {
    const input = wrong[name] ? form.elements.namedItem(name) : null;
    if (input instanceof HTMLElement) return input.focus();
  }
}

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "form"> {
  label: string; binding: FieldBinding; hint?: ReactNode; mono?: boolean;
}

export function Field({ label, binding, hint, mono, ...input }: FieldProps): JSX.Element {
  const id = useId();
  const described = [binding.error ? `${id}e` : "", hint ? `${id}h` : ""].filter(Boolean).join(" ");
  return (
    <div className="field" data-invalid={binding.error ? "" : undefined}>
      <label htmlFor={id}>{label}</label>
      <input
        {...input} id={id} className={mono ? "input input-mono" : "input"} name={binding.name} value={binding.value}
        onChange={binding.onChange} onBlur={binding.onBlur} aria-invalid={binding.error ? true : undefined}
        aria-describedby={described || undefined}
      />
      {binding.error && <p className="error" id={`${id}e`}><StatusMark mark="critical" />{binding.error}</p>}
      {hint && <p className="hint" id={`${id}h`}>{hint}</p>}
    </div>
  );
}

interface SelectFieldProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "form"> { label: string; binding: FieldBinding; hint?: ReactNode; children: ReactNode }

export function SelectField({ label, binding, hint, children, ...select }: SelectFieldProps): JSX.Element {
  const id = useId();
  const described = [binding.error ? `${id}e` : "", hint ? `${id}h` : ""].filter(Boolean).join(" ");
  return (
    <div className="field" data-invalid={binding.error ? "" : undefined}>
      <label htmlFor={id}>{label}</label>
      <select
        {...select} id={id} className="select" name={binding.name} value={binding.value} onChange={binding.onChange} onBlur={binding.onBlur}
        aria-invalid={binding.error ? true : undefined} aria-describedby={described || undefined}
      >{children}</select>
      {binding.error && <p className="error" id={`${id}e`}><StatusMark mark="critical" />{binding.error}</p>}
      {hint && <p className="hint" id={`${id}h`}>{hint}</p>}
    </div>
  );
}

/** For text of several lines, such as a certificate. */
export function AreaField({ label, binding, hint, placeholder }: { label: string; binding: FieldBinding; hint?: ReactNode; placeholder?: string }): JSX.Element {
  const id = useId();
  const described = [binding.error ? `${id}e` : "", hint ? `${id}h` : ""].filter(Boolean).join(" ");
  return (
    <div className="field" data-invalid={binding.error ? "" : undefined}>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id} className="textarea input-mono" name={binding.name} value={binding.value} onChange={binding.onChange} onBlur={binding.onBlur} placeholder={placeholder} spellCheck={false}
        autoComplete="off" aria-invalid={binding.error ? true : undefined} aria-describedby={described || undefined}
      />
      {binding.error && <p className="error" id={`${id}e`}><StatusMark mark="critical" />{binding.error}</p>}
      {hint && <p className="hint" id={`${id}h`}>{hint}</p>}
    </div>
  );
}

/** Posts a creation under one key as long as it says the same: pressed again after a lost answer it happens once. */
export function useCreate<T>(path: string): (body: unknown) => Promise<T> {
  const last = useRef({ text: "", key: "" });
  return async (body) => {
    const text = JSON.stringify(body);
    if (last.current.text !== text) last.current = { text, key: newKey() };
    const created = await post<T>(path, body, { key: last.current.key });
    last.current = { text: "", key: "" };
    return created;
  };
}

/** What went wrong with the whole form, above its button. */
export function FormProblem({ problem }: { problem: APIProblem | undefined }): JSX.Element {
  return (
    <div role="alert" className="form-problem">
      {problem && (
        <div className="banner" data-tone={problem.isTemporary ? "warning" : "critical"}>
          <StatusMark mark={problem.isTemporary ? "warning" : "critical"} />
          <div>{problem.sentence}{problem.requestId && problem.status >= 500 && <span className="faint"> Request <span className="mono">{problem.requestId}</span></span>}</div>
        </div>
      )}
    </div>
  );
}

/** The same rule as the server's: exactly one @, no space, a dot inside the domain. */
export function emailError(email: string): string | undefined {
  const text = email.trim();
  if (text === "") return "Type your e-mail address.";
  const [local, domain, ...more] = text.split("@");
  if (!local || domain === undefined || more.length > 0 || /\s/.test(text)) return "An address has one @ with something before and after it.";
  if (!/^[^.].*\.[^.]+$/.test(domain)) return "This address has no ending such as .com. We send the sign-in link there.";
  return text.length > 254 ? "An address has at most 254 characters." : undefined;
}
