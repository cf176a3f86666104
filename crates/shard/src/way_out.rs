//! What can be done about a refusal of the system: the one place where such hints stand.

use std::io::{Error, ErrorKind};

/// What is tried on the output folder; the words of [`crate::ShardError::Io`].
const WRITING: [&str; 7] = ["create", "create folder", "lock", "write", "sync", "rename", "remove"];

/// The hint for a refused action, with what separates it from the system's answer; empty where there is none.
pub(crate) fn way_out(action: &str, error: &Error) -> &'static str {
    if !WRITING.contains(&action) {
        return "";
    }
    match error.kind() {
        ErrorKind::StorageFull => "; free space there, then run again: what is finished stands",
        ErrorKind::QuotaExceeded => "; free space or raise the quota, then run again: what is finished stands",
        ErrorKind::FileTooLarge => {
            "; raise the limit on the size of a file (ulimit -f), then run again: what is finished stands"
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            "; the output folder must be writable: change that, or give another folder with -o"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "; a file stands where a folder must be; give another folder with -o"
        }
        ErrorKind::InvalidFilename => "; the name is too long for this file system; give a folder with a shorter path",
        _ => "",
    }
}

/// True where running again needs something of the machine, not of the command line.
pub(crate) fn is_lack_of_space(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_way_out_and_reading_has_none() {
        // ENOSPC, EDQUOT, EFBIG
        for code in [28, 122, 27] {
            let error = Error::from_raw_os_error(code);
            assert!(way_out("write", &error).ends_with("what is finished stands"), "{code}");
            assert!(is_lack_of_space(&error), "{code}");
        }
        // EPERM, EACCES, EROFS
        for code in [1, 13, 30] {
            let error = Error::from_raw_os_error(code);
            assert!(way_out("create", &error).contains("-o"), "{code}");
            assert_eq!(way_out("read", &error), "", "{code}");
            assert!(!is_lack_of_space(&error), "{code}");
        }
    }
}
