# SPDX-License-Identifier: MIT
# contact.phone.so, beside contact.so, which opens it with the first telephone number: see phone.h. It alone needs
# libphonenumber, which has no .pc file.
find_path(PHONENUMBER_INCLUDE_DIR phonenumbers/phonenumberutil.h REQUIRED)
find_library(PHONENUMBER_LIBRARY phonenumber REQUIRED)
set(phone_map "${folder}/phone.map")
add_library(contact_phone MODULE "${folder}/phone.cc")
set_target_properties(contact_phone PROPERTIES PREFIX "" OUTPUT_NAME contact.phone CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/plugins" LINK_DEPENDS "${phone_map}")
target_include_directories(contact_phone SYSTEM PRIVATE "${PHONENUMBER_INCLUDE_DIR}")
target_link_libraries(contact_phone PRIVATE alees_headers alees_compiler "${PHONENUMBER_LIBRARY}")
target_link_options(contact_phone PRIVATE "LINKER:--version-script=${phone_map}")
add_dependencies(contact contact_phone)
install(TARGETS contact_phone LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/alees/plugins")
