import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Choice } from '../main/bits';
import { IImages } from '../model';
import { drawHeat, IHeat } from './heat';

type Way = 'pair' | 'swipe' | 'heat';

/** Two pictures side by side, one over the other, or what differs in them. */
export function Images(props: {
  images: IImages;
  trans: TranslationBundle;
}): JSX.Element {
  const { images, trans } = props;
  const [way, setWay] = React.useState<Way>('pair');
  return (
    <div className="jp-Trail-images" data-way={way}>
      <Choice<Way>
        label={trans.__('How pictures are compared')}
        value={way}
        onChoose={setWay}
        options={[
          { label: trans.__('Side by side'), value: 'pair' },
          { label: trans.__('Swipe'), value: 'swipe' },
          { label: trans.__('Heat map'), value: 'heat' }
        ]}
      />
      {way === 'pair' && <SideBySide {...props} />}
      {way === 'swipe' && <Swipe {...props} />}
      {way === 'heat' && <HeatMap images={images} trans={trans} />}
    </div>
  );
}

interface IProps {
  images: IImages;
  trans: TranslationBundle;
}

function SideBySide({ images, trans }: IProps): JSX.Element {
  return (
    <div className="jp-Trail-pair">
      <figure>
        <figcaption>{trans.__('Before')}</figcaption>
        <img src={images.a} alt={trans.__('Picture before')} />
      </figure>
      <figure>
        <figcaption>{trans.__('Now')}</figcaption>
        <img src={images.b} alt={trans.__('Picture now')} />
      </figure>
    </div>
  );
}

function Swipe({ images, trans }: IProps): JSX.Element {
  const [share, setShare] = React.useState(50);
  return (
    <div className="jp-Trail-swipe">
      <div
        className="jp-Trail-swipe-stage"
        style={{ '--jp-trail-share': `${share}%` } as React.CSSProperties}
      >
        <img src={images.b} alt={trans.__('Picture now')} />
        <img
          className="jp-Trail-swipe-over"
          src={images.a}
          alt={trans.__('Picture before')}
        />
        <input
          type="range"
          min={0}
          max={100}
          value={share}
          aria-label={trans.__('How much is shown of the picture before')}
          onChange={event => setShare(Number(event.target.value))}
        />
      </div>
      <p className="jp-Trail-swipe-ends" aria-hidden="true">
        <span>{trans.__('Before')}</span>
        <span>{trans.__('Now')}</span>
      </p>
    </div>
  );
}

function HeatMap({ images, trans }: IProps): JSX.Element {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const [heat, setHeat] = React.useState<IHeat | string | null>(null);
  React.useEffect(() => {
    let isWanted = true;
    setHeat(null);
    if (canvas.current) {
      drawHeat(canvas.current, images.a, images.b).then(
        found => isWanted && setHeat(found),
        () =>
          isWanted && setHeat(trans.__('One of the pictures cannot be read.'))
      );
    }
    return () => {
      isWanted = false;
    };
  }, [images.a, images.b, trans]);
  const words =
    heat === null || typeof heat === 'string' ? heat : heatWords(heat, trans);
  return (
    <figure className="jp-Trail-heat">
      <figcaption role="status">{words ?? trans.__('Comparing…')}</figcaption>
      <canvas
        ref={canvas}
        role="img"
        aria-label={trans.__('Where the pictures differ')}
        hidden={typeof heat === 'string'}
      />
    </figure>
  );
}

function heatWords(heat: IHeat, trans: TranslationBundle): string {
  const share = (100 * heat.changed) / Math.max(heat.pixels, 1);
  const words =
    heat.changed === 0
      ? trans.__('No pixel differs.')
      : trans.__(
          '%1 % of the pixels differ.',
          share < 0.01 ? '< 0.01' : share.toPrecision(2)
        );
  return heat.sizes
    ? `${trans.__('%1 became %2.', ...heat.sizes)} ${words}`
    : words;
}
