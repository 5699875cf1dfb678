/* SPDX-License-Identifier: MIT
 * phone.cc - all of contact.phone.so: see phone.h. The only C++ here: libphonenumber speaks nothing else. No exception
 * leaves this file. */
#include "phone.h"

#include <cstring>
#include <exception>
#include <new>
#include <string>

#include <phonenumbers/phonenumberutil.h>

namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

/* What stands for the exception that is being handled. */
alees_rc code_of_exception() noexcept {
    try {
        throw;
    } catch (const std::bad_alloc &) {
        return ALEES_E_NOMEM;
    } catch (...) {
        return ALEES_E_INTERNAL;
    }
}

/* The library would leave out a word before the number, and take one after it for digits as on a telephone's keys. */
bool has_letters(alees_str text) {
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            return true;
        }
    }
    return false;
}

alees_rc normalize(alees_str text, const char *region, char ret_number[PHONE_SIZE]) {
    const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    std::string standard;
    if (has_letters(text) || util.Parse(std::string(text.ptr, text.len), region != nullptr ? region : "ZZ", &number) !=
                                 PhoneNumberUtil::NO_PARSING_ERROR) {
        return ALEES_E_INVALID;
    }
    if (number.has_extension() || !util.IsValidNumber(number)) {
        return ALEES_E_INVALID;
    }
    util.Format(number, PhoneNumberUtil::E164, &standard);
    if (standard.size() >= PHONE_SIZE) {
        return ALEES_E_INTERNAL;
    }
    std::memcpy(ret_number, standard.c_str(), standard.size() + 1);
    return ALEES_OK;
}

alees_rc normalize_safely(alees_str number, const char *region, char ret_number[PHONE_SIZE]) noexcept {
    try {
        return normalize(number, region, ret_number);
    } catch (...) {
        return code_of_exception();
    }
}

alees_rc check_region(const char *region) noexcept {
    try {
        return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region) != 0 ? ALEES_OK : ALEES_E_INVALID;
    } catch (...) {
        return code_of_exception();
    }
}

} // namespace

const struct phone_library contact_phone_v1 = {sizeof(struct phone_library), 0, normalize_safely, check_region};
