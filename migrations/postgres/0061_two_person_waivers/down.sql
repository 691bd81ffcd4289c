DROP TABLE two_person_waivers;
