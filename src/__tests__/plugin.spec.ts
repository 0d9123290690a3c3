import plugin from '..';

describe('plugin', () => {
  it('should start by itself', () => {
    expect(plugin.autoStart).toBe(true);
  });
});
