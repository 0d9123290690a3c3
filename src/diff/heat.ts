/** What a comparison of two pictures found. */
export interface IHeat {
  /** How many pixels differ. */
  changed: number;
  pixels: number;

  /** Both sizes, where they are not the same. */
  sizes: [string, string] | null;
}

/** Differences in a channel below this are what antialiasing leaves, of 255. */
const TOLERANCE = 2;

/** Pictures beyond this are drawn smaller, in pixels. */
const MOST_PIXELS = 4_000_000;

/**
 * Draw where two pictures differ: the new one faint, what differs in red.
 *
 * @throws Error When one of them is no picture.
 */
export async function drawHeat(
  canvas: HTMLCanvasElement,
  a: string,
  b: string
): Promise<IHeat> {
  const [before, after] = await Promise.all([load(a), load(b)]);
  const width = Math.max(before.naturalWidth, after.naturalWidth, 1);
  const height = Math.max(before.naturalHeight, after.naturalHeight, 1);
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) {
    throw new Error('There is no canvas to draw on.');
  }
  const left = pixelsOf(context, before, scale);
  const right = pixelsOf(context, after, scale);
  const changed = heat(left.data, right.data);
  context.putImageData(right, 0, 0);
  const size = (image: HTMLImageElement): string =>
    `${image.naturalWidth} × ${image.naturalHeight}`;
  return {
    changed,
    pixels: canvas.width * canvas.height,
    sizes: size(before) === size(after) ? null : [size(before), size(after)]
  };
}

/**
 * Mark in `after` what differs from `before`, both as RGBA.
 *
 * @returns How many pixels differ.
 */
export function heat(
  before: Uint8ClampedArray,
  after: Uint8ClampedArray
): number {
  let changed = 0;
  for (let at = 0; at < after.length; at += 4) {
    let most = 0;
    for (let channel = 0; channel < 4; channel++) {
      most = Math.max(
        most,
        Math.abs(before[at + channel] - after[at + channel])
      );
    }
    if (most > TOLERANCE) {
      changed += 1;
      const strength = 0.35 + (0.65 * most) / 255;
      after[at] = 255 - 35 * strength;
      after[at + 1] = 190 * (1 - strength);
      after[at + 2] = 160 * (1 - strength);
      after[at + 3] = 255;
    } else {
      const grey =
        0.3 * after[at] + 0.59 * after[at + 1] + 0.11 * after[at + 2];
      after[at] = after[at + 1] = after[at + 2] = 200 + (55 * grey) / 255;
      after[at + 3] = 255;
    }
  }
  return changed;
}

async function load(source: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

function pixelsOf(
  context: CanvasRenderingContext2D,
  image: HTMLImageElement,
  scale: number
): ImageData {
  const { height, width } = context.canvas;
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(
    image,
    0,
    0,
    image.naturalWidth * scale,
    image.naturalHeight * scale
  );
  return context.getImageData(0, 0, width, height);
}
