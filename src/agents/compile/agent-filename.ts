/** File name of an agent's script in stacks; what a source map maps from. */
export const AGENT_FILENAME = 'agent.js';
