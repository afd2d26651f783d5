// The checks of one group by their names.
//
//   export const { checks, check } = group();
//   check("what must be so", async (bench) => { … }, { only: ["websocket"], alone: true });
//
// `only` names the transports that it is for; `alone` is for one that leaves little of the machine to others.

export function group() {
  const checks = {};
  const check = (name, run, { only, alone } = {}) => {
    if (name in checks) throw new Error(`two checks are called “${name}”`);
    checks[name] = { run, only, alone };
  };
  return { checks, check };
}
