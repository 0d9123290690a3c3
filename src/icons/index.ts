import { LabIcon } from '@jupyterlab/ui-components';

/** How many hues there are for categories. */
const HUES = 6;

/** Four steps on a branching path: the panel's icon. */
export const trailIcon = new LabIcon({
  name: 'nbtrail:trail',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M6 6.4h4.2c2.4 0 3.6 1.2 3.6 3.4v4.4c0 1 .5 1.6 1.6 1.6H18v2h-2.8c-2.2 0-3.4-1.200-3.400-3.400V10c0-1-.5-1.600-1.600-1.600H6z"/>
    <circle cx="5" cy="7.400" r="3"/>
    <circle cx="19.200" cy="16.800" r="3"/>
    <path d="M19.200 4.200a3.200 3.200 0 1 1 0 6.400 3.200 3.200 0 0 1 0-6.400zm0 1.900a1.300 1.300 0 1 0 0 2.600 1.300 1.300 0 0 0 0-2.600zM5 13.600a3.200 3.200 0 1 1 0 6.400 3.200 3.200 0 0 1 0-6.400zm0 1.900a1.300 1.300 0 1 0 0 2.600 1.300 1.300 0 0 0 0-2.600z"/>
  </g>
</svg>`
});

/** A tick in a shield: verify. */
export const verifyIcon = new LabIcon({
  name: 'nbtrail:verify',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M12 2 4 5v6c0 5 3.400 9.600 8 11 4.600-1.400 8-6 8-11V5zm0 2.100 6 2.300V11c0 3.900-2.500 7.500-6 8.900-3.500-1.400-6-5-6-8.900V6.400zm-1.200 11.400 5.700-5.700-1.400-1.400-4.300 4.300-2-2-1.400 1.400z"/>
</svg>`
});

/** Two arrows that meet: conflict. */
export const conflictIcon = new LabIcon({
  name: 'nbtrail:conflict',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M2 10.800h4.500V7.500L11 12l-4.500 4.500v-3.300H2zm20 0h-4.500V7.500L13 12l4.500 4.500v-3.300H22z"/>
</svg>`
});

/** Two columns that differ: diff. */
export const diffIcon = new LabIcon({
  name: 'nbtrail:diff',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M4 3h7v2H6v14h5v2H4zm9 0h7v18h-7v-2h5V5h-5zM7.500 11h3v2h-3zm7.250-1.500h1.500V11h1.500v2h-1.500v1.500h-1.500V13h-1.500v-2h1.500z"/>
</svg>`
});

/** A page that an arrow leads on from: continue. */
export const continueIcon = new LabIcon({
  name: 'nbtrail:continue',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M5 3h8l4 4v3h-2V8h-3V5H7v14h5v2H5zm11.500 9 5 4.500-5 4.500v-3.300H11v-2.400h5.500z"/>
</svg>`
});

/** An eye that is shut: silence. */
export const silenceIcon = new LabIcon({
  name: 'nbtrail:silence',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="m4 3 17 17-1.400 1.400-3.200-3.200A11.800 11.800 0 0 1 12 19C7 19 2.700 16 1 12a12 12 0 0 1 4.300-5.200L2.600 4.400zm2.800 5.200A10 10 0 0 0 3.200 12c1.600 3 5 5 8.800 5 1 0 2-.1 2.900-.4l-1.500-1.500A3.400 3.400 0 0 1 9 10.600zM12 5c5 0 9.300 3 11 7a12 12 0 0 1-3.300 4.500l-1.400-1.400A10 10 0 0 0 20.800 12C19.200 9 15.800 7 12 7c-.7 0-1.400.1-2.100.2L8.300 5.600C9.500 5.200 10.700 5 12 5z"/>
</svg>`
});

/** A label on a string: names. */
export const adoptIcon = new LabIcon({
  name: 'nbtrail:adopt',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 3h9l9.300 9.300-9 9L3 12zm2 2v6.200l7.300 7.300 6.200-6.200L11.200 5zm3 1.500a1.600 1.600 0 1 1 0 3.200 1.600 1.600 0 0 1 0-3.200z"/>
</svg>`
});

/** One column with a mark: both versions in one text. */
export const inlineIcon = new LabIcon({
  name: 'nbtrail:inline',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 4h18v2H3zm0 14h18v2H3zm5-8.500h13v2H8zm0 4h13v2H8zM3 9.500h3v2H3zm0 4h3v2H3z"/>
</svg>`
});

/** A frame with a curve: outputs. */
export const outputsIcon = new LabIcon({
  name: 'nbtrail:outputs',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 3h2v16h16v2H3zm4.300 12.700L11 10l3.300 3.200L19 6l1.700 1.100-6 9.200-3.300-3.200-2.400 3.700z"/>
</svg>`
});

/** Two arrows apart: unfold. */
export const unfoldIcon = new LabIcon({
  name: 'nbtrail:unfold',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="m12 2.500 5 5-1.400 1.400L12 5.300 8.400 8.900 7 7.500zM4 11h16v2H4zm8 10.500-5-5 1.400-1.400 3.600 3.600 3.600-3.600 1.400 1.400z"/>
</svg>`
});

/** A clock that runs back: restore, history. */
export const restoreIcon = new LabIcon({
  name: 'nbtrail:restore',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M13 3a9 9 0 0 0-9 9H1l3.900 3.900L8.900 12H6a7 7 0 1 1 2.050 4.950l-1.420 1.420A9 9 0 1 0 13 3zm-1 5v5l4.280 2.540.72-1.210-3.500-2.080V8z"/>
</svg>`
});

/** Points on a line: timeline. */
export const timelineIcon = new LabIcon({
  name: 'nbtrail:timeline',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M6 2h2v3.200a2.500 2.500 0 0 1 0 4.600v4.400a2.500 2.500 0 0 1 0 4.600V22H6v-3.200a2.500 2.500 0 0 1 0-4.600V9.800a2.500 2.500 0 0 1 0-4.600zm6 4.500h9v2h-9zm0 9h9v2h-9z"/>
</svg>`
});

/** Two curves: runs compared. */
export const compareIcon = new LabIcon({
  name: 'nbtrail:compare',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M4 20V10h4v10zm6 0V4h4v16zm6 0v-7h4v7z"/>
</svg>`
});

/** A notebook in the hue of a category, by its place among the categories. */
export function categoryIcon(index: number): LabIcon {
  return Private.icons[index % Private.icons.length];
}

namespace Private {
  export const icons = Array.from(
    { length: HUES },
    (_, hue) =>
      new LabIcon({
        name: `nbtrail:category-${hue}`,
        svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 22 22">
  <path class="jp-Trail-iconHue" data-hue="${hue}" fill="#616161" d="M18.700 3.300v15.400H3.300V3.300h15.400m1.500-1.500H1.800v18.300h18.300l.1-18.300z"/>
  <path class="jp-Trail-iconHue" data-hue="${hue}" fill="#616161" d="M16.500 16.500l-5.400-4.300-5.600 4.300v-11h11z"/>
</svg>`
      })
  );
}
