# SPDX-License-Identifier: MIT
# What `cmake --install` puts where: program and plugins (see CMakeLists.txt), headers, configuration, and what a plugin
# outside this tree needs: find_package(Alees) or `pkg-config alees`.

include(CMakePackageConfigHelpers)
set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Alees")

install(DIRECTORY include/alees DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
set(plugin_dir "${CMAKE_INSTALL_LIBDIR}/alees/plugins")
configure_package_config_file(cmake/AleesConfig.cmake.in "${CMAKE_BINARY_DIR}/AleesConfig.cmake"
    INSTALL_DESTINATION "${config_dir}" PATH_VARS CMAKE_INSTALL_INCLUDEDIR plugin_dir)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/AleesConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(FILES "${CMAKE_BINARY_DIR}/AleesConfig.cmake" "${CMAKE_BINARY_DIR}/AleesConfigVersion.cmake"
    cmake/AleesPlugin.cmake cmake/EmbedSql.cmake cmake/plugin.map DESTINATION "${config_dir}")
configure_file(cmake/alees.pc.in "${CMAKE_BINARY_DIR}/alees.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/alees.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# Configuration that is there already is the operator's: it is never overwritten.
file(GLOB plugin_confs RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}/etc" CONFIGURE_DEPENDS etc/plugins.d/*.conf)
set(conffiles "")
foreach(conf IN ITEMS alees.conf LISTS plugin_confs)
    cmake_path(GET conf PARENT_PATH folder)
    set(folder "${CMAKE_INSTALL_SYSCONFDIR}/alees/${folder}")
    install(CODE "
        set(folder \"${folder}\")
        cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\" NORMALIZE)
        cmake_path(APPEND folder \"\" OUTPUT_VARIABLE folder)
        get_filename_component(name \"${conf}\" NAME)
        if(EXISTS \"\$ENV{DESTDIR}\${folder}\${name}\")
            message(STATUS \"Kept: \$ENV{DESTDIR}\${folder}\${name}\")
        else()
            file(INSTALL \"${CMAKE_CURRENT_SOURCE_DIR}/etc/${conf}\" DESTINATION \"\${folder}\")
        endif()")
    string(APPEND conffiles "${ALEES_CONF_DIR}/${conf}\n")
endforeach()
file(WRITE "${CMAKE_BINARY_DIR}/debian/conffiles" "${conffiles}")
if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/etc/alees.service")
    configure_file(etc/alees.service "${CMAKE_BINARY_DIR}/alees.service" @ONLY)
    install(FILES "${CMAKE_BINARY_DIR}/alees.service" DESTINATION lib/systemd/system)
    install(FILES etc/alees.sysusers DESTINATION lib/sysusers.d RENAME alees.conf)
endif()

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME alees)
set(CPACK_PACKAGE_CONTACT "Alees contributors <alees@localhost>")
set(CPACK_PACKAGE_VENDOR "Alees contributors")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql (>= 15)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_BINARY_DIR}/debian/conffiles;${CMAKE_CURRENT_SOURCE_DIR}/packaging/postinst")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
include(CPack)
