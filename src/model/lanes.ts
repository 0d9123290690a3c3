import { IGraph, IGraphStep } from '../api';

/** Steps of one category that follow one another in the pipeline. */
export interface ILane {
  category: string | null;
  steps: IGraphStep[];
}

/**
 * The steps grouped by category, in pipeline order.
 *
 * A category comes where its first step comes, and holds all of its steps.
 */
export function lanesOf(graph: IGraph): ILane[] {
  const place = new Map(graph.order.map((path, index) => [path, index]));
  const last = graph.order.length;
  const steps = [...graph.steps].sort(
    (a, b) => (place.get(a.path) ?? last) - (place.get(b.path) ?? last)
  );
  const lanes = new Map<string | null, ILane>();
  for (const step of steps) {
    const lane = lanes.get(step.category);
    if (lane) {
      lane.steps.push(step);
    } else {
      lanes.set(step.category, { category: step.category, steps: [step] });
    }
  }
  // Notebooks without a category are not part of the story: they come last.
  return [...lanes.values()].sort(
    (a, b) => Number(a.category === null) - Number(b.category === null)
  );
}

/**
 * What stands before a step's title: its sequence number, else its place.
 *
 * Places are shown only where no notebook has a sequence number, because the
 * two together would contradict each other.
 */
export function stepNumber(graph: IGraph, step: IGraphStep): string {
  if (graph.steps.some(other => other.sequence !== null)) {
    return step.sequence ?? '';
  }
  const place = graph.order.indexOf(step.path);
  return place < 0 ? '' : String(place + 1);
}

/** How many steps would run if the pipeline were run now. */
export function pending(graph: IGraph): number {
  return graph.steps.filter(
    step => step.status !== 'fresh' && step.status !== 'running'
  ).length;
}

/** How many steps would run because something they come from has changed. */
export function stale(graph: IGraph): number {
  return graph.steps.filter(step => step.status === 'stale').length;
}

/** The first step upstream that has to run before this one, if there is one. */
export function waitsFor(graph: IGraph, path: string): IGraphStep | null {
  const sources = new Set(
    graph.edges.filter(edge => edge.target === path).map(edge => edge.source)
  );
  return (
    lanesOf(graph)
      .flatMap(lane => lane.steps)
      .find(step => sources.has(step.path) && step.status !== 'fresh') ?? null
  );
}

/** Which of the category colours belongs to a category, by its place. */
export function hue(
  category: string | null,
  categories: ReadonlyArray<string>
): string {
  if (category === null) {
    return 'none';
  }
  const index = categories.indexOf(category);
  return index < 0 ? 'none' : String(index % 6);
}
