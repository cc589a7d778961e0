"""``copy``, ``backup`` and ``restore``."""

from job_processor.cli.arguments import Verbs, environment


def add(verbs: Verbs) -> None:
    copy = verbs.add_parser("copy", help="copy all jobs from one store to another; stop the servers first")
    copy.add_argument("--from", dest="source", required=True, help="a data directory, or a mongodb:// address")
    copy.add_argument("--to", dest="target", required=True, help="a data directory, or a mongodb:// address")
    copy.set_defaults(run=lambda c, a: c.copy(a.source, a.target))

    backup = verbs.add_parser("backup", help="write all jobs to a file; the server may run")
    backup.add_argument("--to", dest="file", required=True, help="path of the file (gzip); -: standard output")
    backup.add_argument("--skip-empty", action="store_true", help="write nothing if the store never had a job")
    backup.add_argument("--data-dir", help="directory of the database (DATA_DIR)")
    backup.set_defaults(run=lambda c, a: c.backup(environment(a), a.file, skip_empty=a.skip_empty))

    restore = verbs.add_parser("restore", help="load all jobs of a backup into the store; stop the servers first")
    restore.add_argument("--from", dest="file", required=True, help="path of the backup file")
    restore.add_argument("--data-dir", help="directory of the database (DATA_DIR)")
    restore.set_defaults(run=lambda c, a: c.restore(environment(a), a.file))
