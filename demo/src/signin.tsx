/** Signing in, or up, by a one-time code. */

import { useEffect, useRef, useState } from "preact/hooks";
import { requestCode, verifyCode } from "./client";

export function SignIn() {
  const [isNew, setNew] = useState(false);
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [code, setCode] = useState("");
  const [digits, setDigits] = useState<number | null>(null);
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const codeField = useRef<HTMLInputElement>(null);
  useEffect(() => codeField.current?.focus(), [digits]);
  const action = isNew ? "REGISTER" : "LOGIN";

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailure("");
    try {
      if (digits === null) setDigits(await requestCode(email, action));
      else await verifyCode(email, action, code.trim(), isNew ? name : null);
    } catch (error) {
      setFailure((error as Error).message);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="signin">
      <form onSubmit={submit}>
        <h1>Isthmus</h1>
        <p>A small chat over the public API.</p>
        <label>
          E-mail address
          <input
            type="email"
            required
            autocomplete="email"
            value={email}
            readOnly={digits !== null}
            onInput={(e) => setEmail(e.currentTarget.value)}
          />
        </label>
        {isNew && (
          <label>
            Name
            <input required autocomplete="name" value={name} onInput={(e) => setName(e.currentTarget.value)} />
          </label>
        )}
        {digits !== null && (
          <label>
            Code
            <input
              required
              inputMode="numeric"
              autocomplete="one-time-code"
              maxLength={digits}
              value={code}
              aria-describedby="code-hint"
              ref={codeField}
              onInput={(e) => setCode(e.currentTarget.value)}
            />
            <small id="code-hint">
              {digits} digits, by mail. In development they are printed where the server runs.
            </small>
          </label>
        )}
        <p class="failure" role="alert">
          {failure}
        </p>
        <button class="primary" disabled={busy}>
          {digits === null ? "Send me a code" : isNew ? "Make my account" : "Sign in"}
        </button>
        <button
          type="button"
          class="link"
          onClick={() => {
            if (digits === null) setNew(!isNew);
            setDigits(null);
            setCode("");
            setFailure("");
          }}
        >
          {digits !== null ? "Use another address" : isNew ? "I have an account" : "I am new here"}
        </button>
      </form>
    </main>
  );
}
