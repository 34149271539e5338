/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

alice_status alice__fail(alice_error *error, alice_status status, int os_error,
                         const char *format, ...)
{
    if (error) {
        va_list args;
        error->status = status;
        error->os_error = os_error;
        va_start(args, format);
        vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
    }
    return status;
}

alice_status alice__status_of_errno(int os_error)
{
    switch (os_error) {
    case 0:
        return ALICE_OK;
    case EINVAL:
    case ENAMETOOLONG:
        return ALICE_E_INVAL;
    case ENOMEM:
        return ALICE_E_NOMEM;
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return ALICE_E_NOENT;
    case EEXIST:
    case ENOTEMPTY:
        return ALICE_E_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return ALICE_E_ACCESS;
    case ENOSPC:
    case EDQUOT:
        return ALICE_E_NOSPC;
    case EFBIG:
    case EOVERFLOW:
        return ALICE_E_TOOBIG;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
        return ALICE_E_BUSY;
    case ETIMEDOUT:
        return ALICE_E_TIMEOUT;
    case ENOSYS:
    case EOPNOTSUPP:
        return ALICE_E_UNSUPPORTED;
    case EIO:
        return ALICE_E_IO;
    default:
        return ALICE_E_SYSTEM;
    }
}
