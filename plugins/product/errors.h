/* SPDX-License-Identifier: MIT
 *
 * errors.h - what products, categories and units of measure are refused for. */
#ifndef PRODUCT_ERRORS_H
#define PRODUCT_ERRORS_H

#include "alees/abi.h"

static const struct alees_error errors[] = {
    {"invalid_transition", 409, 0, "The status cannot become that one",
     "A product goes from draft to active, from there to discontinued and then to end_of_life, one step at a "
     "time and never back. Send the next status, one request for each step."},
    {"cycle", 409, 0, "A category cannot be below itself",
     "The parent is the category itself or one below it. Choose a parent outside of its own branch."},
    {"category_in_use", 409, 0, "Something is in the category",
     "Its type is fixed while products or categories are in it; detail says how many, as far as you may see "
     "them. Move them first, or make another category."},
    {"not_convertible", 422, 0, "The units cannot be converted",
     "from and to must be the codes of two units that exist, are of one uom_type and have a factor each."},
    {"out_of_range", 422, ALEES_ERROR_FIELD, "The factor is out of range",
     "A factor is from 1e-15 to 1e15. Choose a base unit that is nearer to this one."},
    {"inactive_unit", 422, ALEES_ERROR_FIELD, "The unit is not active",
     "A product that is written names a unit of measure that is active. Choose another one, or make that one "
     "active."},
    {"wrong_category_type", 422, ALEES_ERROR_FIELD, "The category is of another type",
     "A category is of the type of its parent, and a product of the type of its category. Choose one of the "
     "same type."},
    {"too_deep", 422, ALEES_ERROR_FIELD, "The tree would be too deep",
     "Categories have at most 50 levels. Choose a parent that is higher up."},
};

#endif
