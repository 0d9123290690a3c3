/** How high the sections of the panel are, in their order, in pixels. */
export interface IHeights {
  pipeline: number;
  runs: number;
  history: number;
  checks: number;
}

/** What a section keeps when there is not enough for all, if it needs that. */
const FLOORS: IHeights = { pipeline: 120, runs: 90, history: 66, checks: 66 };

/** Room for the first executions, which come while one works. */
const HISTORY = 90;

/**
 * Share the height among the sections by what is in them.
 *
 * The pipeline is served first; what nobody needs goes to the sections that
 * grow, pipeline and runs.
 *
 * @param contents Height of the content of each section.
 * @param total Height that there is for all of them.
 */
export function shareHeight(contents: IHeights, total: number): IHeights {
  const wanted = { ...contents, history: Math.max(contents.history, HISTORY) };
  const names = Object.keys(FLOORS) as (keyof IHeights)[];
  const shares = { ...FLOORS };
  let left = total;
  for (const name of names) {
    shares[name] = Math.min(wanted[name], FLOORS[name]);
    left -= shares[name];
  }
  for (const name of names) {
    const more = Math.max(0, Math.min(left, wanted[name] - shares[name]));
    shares[name] += more;
    left -= more;
  }
  const rest = Math.max(0, left);
  shares.pipeline += rest / 2;
  shares.runs += rest / 2;
  return shares;
}
