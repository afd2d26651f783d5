// The checks of one group by their names.
//
//   export const { checks, check } = group();
//   check("a property", async (bench) => { … }, { only: ["websocket"], alone: true });
//
// `only` names its transports; `alone` is for a check that keeps the machine busy.

export function group() {
  const checks = {};
  const check = (name, run, { only, alone } = {}) => {
    if (name in checks) throw new Error(`two checks are called “${name}”`);
    checks[name] = { run, only, alone };
  };
  return { checks, check };
}
