# SPDX-License-Identifier: MIT
# What phone.cc needs: libphonenumber, which has no .pc file. Target contact_phone: for contact.so, and for its test.
find_path(PHONENUMBER_INCLUDE_DIR phonenumbers/phonenumberutil.h REQUIRED)
find_library(PHONENUMBER_LIBRARY phonenumber REQUIRED)
add_library(contact_phone INTERFACE)
target_include_directories(contact_phone SYSTEM INTERFACE "${PHONENUMBER_INCLUDE_DIR}")
target_link_libraries(contact_phone INTERFACE "${PHONENUMBER_LIBRARY}")
target_link_libraries(contact PRIVATE contact_phone)
