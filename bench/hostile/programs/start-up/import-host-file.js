// Mechanism: an import of a file of the machine, as text
// Defence: import-guard
// Contained: app_failed_to_start
// Workerd: no
import text from '/etc/hosts.txt';
import passwd from '../../../../../../../../etc/passwd';
export default { fetch: () => new Response(`escaped: ${text} ${passwd}`) };
