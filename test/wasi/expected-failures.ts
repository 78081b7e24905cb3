const ARGUMENTS = 'an agent has one argument, its goal';
const ENVIRONMENT = 'the environment of an agent is empty';
const LINKS = 'agents make no links';
const TIMES = 'times of files can not be set';
const FOLDERS = 'folders are not renamed: everything in them would come under other rules';

/** Tests of wasi-testsuite that agents can't pass, and why. */
export const EXPECTED_FAILURES: ReadonlyMap<string, string> = new Map([
  ['assemblyscript/args_get-multiple-arguments', ARGUMENTS],
  ['assemblyscript/args_sizes_get-multiple-arguments', ARGUMENTS],
  ['assemblyscript/environ_get-multiple-variables', ENVIRONMENT],
  ['assemblyscript/environ_sizes_get-multiple-variables', ENVIRONMENT],
  ['c/sock_shutdown-invalid_fd', 'descriptor 3, which it takes for closed, is the folder that every agent has'],
  ['rust/fd_filestat_set', TIMES],
  ['rust/path_filestat', TIMES],
  ['rust/nofollow_errors', LINKS],
  ['rust/path_exists', LINKS],
  ['rust/path_link', LINKS],
  ['rust/path_symlink_trailing_slashes', LINKS],
  ['rust/readlink', LINKS],
  ['rust/symlink_create', LINKS],
  ['rust/symlink_filestat', LINKS],
  ['rust/path_rename', FOLDERS],
  ['rust/path_rename_dir_trailing_slashes', FOLDERS],
]);
